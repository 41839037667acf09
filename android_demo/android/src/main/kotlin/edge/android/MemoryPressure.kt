package edge.android

import android.content.ComponentCallbacks2
import android.content.Context
import android.content.res.Configuration

private const val SOME_MB = 8.0

/** Frees summaries when the system asks for memory: all of them once the app is in the background. */
public class MemoryPressure(private val trim: (Double) -> Unit) : ComponentCallbacks2 {
    override fun onTrimMemory(level: Int) {
        trim(if (level >= ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN) 0.0 else SOME_MB)
    }

    @Deprecated("The system calls onTrimMemory")
    override fun onLowMemory(): Unit = trim(0.0)

    override fun onConfigurationChanged(newConfig: Configuration): Unit = Unit

    public companion object {
        /** For as long as the app runs, or until `unregisterComponentCallbacks`. */
        public fun register(context: Context, ranker: SuspendingRanker): MemoryPressure =
            MemoryPressure(ranker::trimSoon).also { context.registerComponentCallbacks(it) }
    }
}
