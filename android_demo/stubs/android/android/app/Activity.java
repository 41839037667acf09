package android.app;

public class Activity extends android.content.Context {
    protected void onCreate(android.os.Bundle savedInstanceState) {}

    protected void onDestroy() {}

    public void setContentView(android.view.View view) {}

    public final void runOnUiThread(Runnable action) {}

    @Override
    public android.content.res.AssetManager getAssets() {
        throw new UnsupportedOperationException();
    }

    @Override
    public java.io.File getNoBackupFilesDir() {
        throw new UnsupportedOperationException();
    }

    @Override
    public java.io.File getExternalFilesDir(String type) {
        throw new UnsupportedOperationException();
    }

    @Override
    public android.content.Context getApplicationContext() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void registerComponentCallbacks(android.content.ComponentCallbacks callback) {}

    @Override
    public void unregisterComponentCallbacks(android.content.ComponentCallbacks callback) {}
}
