package androidx.work;

public final class Data {
    public String getString(String key) {
        throw new UnsupportedOperationException();
    }

    public static final class Builder {
        public Builder putString(String key, String value) {
            throw new UnsupportedOperationException();
        }

        public Data build() {
            throw new UnsupportedOperationException();
        }
    }
}
