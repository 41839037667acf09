package edge.android

import android.content.Context
import android.content.res.AssetFileDescriptor
import edge.EdgeError
import edge.bundle.Source
import edge.ranker.Options
import edge.ranker.Progress
import edge.ranker.Ranker
import java.io.File
import java.io.FileNotFoundException

/** The folder for installed bundles: never in a backup, never emptied while the app runs (BUNDLE.md, section 7). */
public fun edgeDirectory(context: Context): File = File(context.noBackupFilesDir, "edge")

/**
 * Opens a bundle from the app's assets where it lies in the APK, not on the main thread.
 * Errors: it is absent or compressed; and whatever `Ranker.open` refuses.
 */
public fun openAsset(context: Context, name: String, options: Options, progress: Progress = Progress { _, _ -> }): Ranker {
    checkThread()
    val asset = assetOf(context, name)
    try {
        val source = Source.descriptor(asset.fileDescriptor, asset.startOffset, asset.length)
        return Ranker.open(source, options, progress)
    } finally {
        asset.close()
    }
}

private fun assetOf(context: Context, name: String): AssetFileDescriptor = try {
    context.assets.openFd(name)
} catch (error: FileNotFoundException) {
    throw EdgeError(
        "the asset $name cannot be opened where it lies", error.message.orEmpty(),
        "put it into src/main/assets, and keep it as it is: androidResources { noCompress += \"edge\" }",
    )
}
