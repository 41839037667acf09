package edge.android

import android.os.Looper
import edge.EdgeError

/** Errors: called on the main thread, which must never wait for a model. */
internal fun checkThread() {
    if (Looper.getMainLooper().thread === Thread.currentThread()) {
        throw EdgeError("a bundle is opened on the main thread", fix = "open it in a coroutine or on a thread of your own")
    }
}
