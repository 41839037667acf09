package android.widget;

public class ProgressBar extends android.view.View {
    public int getMax() {
        throw new UnsupportedOperationException();
    }

    public void setMax(int max) {}

    public int getProgress() {
        throw new UnsupportedOperationException();
    }

    public void setProgress(int progress) {}

    public ProgressBar(android.content.Context context) {
        super(context);
    }
}
