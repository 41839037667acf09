package android.content;

public abstract class Context {
    public abstract android.content.res.AssetManager getAssets();

    public abstract java.io.File getNoBackupFilesDir();

    public abstract java.io.File getExternalFilesDir(String type);

    public abstract Context getApplicationContext();

    public abstract void registerComponentCallbacks(ComponentCallbacks callback);

    public abstract void unregisterComponentCallbacks(ComponentCallbacks callback);
}
