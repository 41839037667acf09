package android.widget;

public class TextView extends android.view.View {
    public CharSequence getText() {
        throw new UnsupportedOperationException();
    }

    public final void setText(CharSequence text) {}

    public TextView(android.content.Context context) {
        super(context);
    }
}
