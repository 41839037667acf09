package android.view;

public class View {
    public View(android.content.Context context) {}

    public interface OnClickListener {
        void onClick(View view);
    }

    public void setPadding(int left, int top, int right, int bottom) {}

    public void setOnClickListener(OnClickListener listener) {}

    public CharSequence getContentDescription() {
        throw new UnsupportedOperationException();
    }

    public void setContentDescription(CharSequence contentDescription) {}
}
