package androidx.work;

public abstract class ListenableWorker {
    public ListenableWorker(android.content.Context context, WorkerParameters parameters) {}

    public final Data getInputData() {
        throw new UnsupportedOperationException();
    }

    public abstract static class Result {
        public static Result success() {
            throw new UnsupportedOperationException();
        }

        public static Result failure(Data output) {
            throw new UnsupportedOperationException();
        }
    }
}
