package android.widget;

public class LinearLayout extends android.view.ViewGroup {
    public static final int VERTICAL = 1;

    public int getOrientation() {
        throw new UnsupportedOperationException();
    }

    public void setOrientation(int orientation) {}

    public LinearLayout(android.content.Context context) {
        super(context);
    }
}
