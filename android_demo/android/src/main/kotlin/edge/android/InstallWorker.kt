package edge.android

import android.content.Context
import androidx.work.Data
import androidx.work.ListenableWorker
import androidx.work.OneTimeWorkRequest
import androidx.work.Worker
import androidx.work.WorkerParameters
import edge.EdgeError
import edge.engine.EngineLibrary
import edge.engine.Reference
import edge.ranker.Options

private const val ASSET = "asset"

/**
 * Installs a bundle, measures the device and replays the golden requests before anybody waits for it, e.g. after an update of the
 * app. Subclass it to name another engine than the reference: WorkManager makes it by its class.
 */
public open class InstallWorker(private val context: Context, parameters: WorkerParameters) : Worker(context, parameters) {
    protected open val engine: EngineLibrary get() = Reference

    override fun doWork(): ListenableWorker.Result = try {
        val options = Options(directory = edgeDirectory(context), engine = engine, memoryMb = 0.0)
        openAsset(context, inputData.getString(ASSET).orEmpty(), options).use { it.verify() }
        ListenableWorker.Result.success()
    } catch (error: EdgeError) {
        ListenableWorker.Result.failure(Data.Builder().putString("error", error.message.orEmpty()).build())
    }

    public companion object {
        /** To be enqueued; its failure says why in `error`. */
        public fun request(asset: String, worker: Class<out InstallWorker> = InstallWorker::class.java): OneTimeWorkRequest =
            OneTimeWorkRequest.Builder(worker).setInputData(Data.Builder().putString(ASSET, asset).build()).build()
    }
}
