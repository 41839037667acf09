package edge.app

import android.app.Activity
import android.os.Build
import android.os.Bundle
import edge.EdgeError
import edge.android.MemoryPressure
import edge.android.SuspendingRanker
import edge.android.edgeDirectory
import edge.android.measure.Device
import edge.android.measure.measure
import edge.android.openAsset
import edge.bundle.Source
import edge.ort.OnnxRuntime
import edge.ranker.Options
import edge.text.parseRequest
import java.io.File
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

private const val BUNDLE = "movies.edge"
private const val REQUEST = "request.json"

/** Ranks the list of `request.json` within the budget that a slider sets. */
public class MainActivity : Activity() {
    private val scope = CoroutineScope(Job() + MainDispatcher(this))
    private val options by lazy { Options(directory = edgeDirectory(this), engine = OnnxRuntime()) }
    private lateinit var screen: Screen
    private var ranker: SuspendingRanker? = null
    private var pressure: MemoryPressure? = null
    private var demo: Demo? = null
    private var ranking: Job? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        screen = Screen(this, ::rank, ::verify, ::measureHere)
        screen.say("Opening $BUNDLE ...")
        launch {
            val opened = SuspendingRanker.open { openAsset(this, BUNDLE, options) }
            ranker = opened
            pressure = MemoryPressure.register(applicationContext, opened)
            demo = Demo.start(opened, parseRequest(read(REQUEST)))
            rank(MOST_MS / 2)
        }
    }

    override fun onDestroy() {
        super.onDestroy()
        val opened = ranker
        scope.cancel()
        pressure?.let(applicationContext::unregisterComponentCallbacks)
        if (opened != null) CoroutineScope(Dispatchers.Default).launch { opened.close() }
    }

    /** A new budget ends the request of the one before. */
    private fun rank(milliseconds: Int) {
        val shown = demo ?: return
        ranking?.cancel()
        ranking = launch { screen.show(shown.rank(milliseconds.toDouble())) }
    }

    private fun verify() {
        val opened = ranker ?: return
        screen.say("Replaying golden requests ...")
        launch {
            opened.verify()
            screen.say("Every golden request passes at every exit.")
        }
    }

    private fun measureHere() {
        screen.say("Measuring ...")
        launch {
            val file = File(getExternalFilesDir(null), "measured.json")
            val device = Device(Build.MODEL, "Android ${Build.VERSION.RELEASE}", "Kotlin ${KotlinVersion.CURRENT} on ART")
            withContext(Dispatchers.Default) {
                assets.openFd(BUNDLE).use { asset ->
                    val source = Source.descriptor(asset.fileDescriptor, asset.startOffset, asset.length)
                    file.writeText(measure(source, options, device))
                }
            }
            screen.say("Written to $file: edge-bench report measured.json --out report.html")
        }
    }

    private suspend fun read(asset: String): ByteArray = withContext(Dispatchers.Default) { assets.open(asset).use { it.readBytes() } }

    /** What goes wrong on purpose is said on the screen. */
    private fun launch(action: suspend () -> Unit): Job = scope.launch {
        try {
            action()
        } catch (error: EdgeError) {
            screen.say(error.message.orEmpty())
        }
    }
}

/** Runs coroutines on the screen's thread. */
private class MainDispatcher(private val activity: Activity) : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) = activity.runOnUiThread(block)
}
