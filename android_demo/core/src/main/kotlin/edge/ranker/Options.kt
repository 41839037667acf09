package edge.ranker

import edge.EdgeError
import edge.bundle.Exit
import edge.bundle.PublicKey
import edge.engine.EngineLibrary
import edge.engine.Reference
import java.io.File

/** How a bundle is opened. With a public key, a bundle that was not signed with the matching private key is refused. */
public class Options(
    public val publicKey: PublicKey? = null,
    /** MB of 10^6 bytes for summaries between requests; 0 keeps none. */
    public val memoryMb: Double = 64.0,
    /** How many candidates the served log keeps; 0 logs nothing. */
    public val logRows: Int = 1_000,
    /**
     * A folder that only this library uses, e.g. in `noBackupFilesDir`, for the costs on this device, the model files
     * of an engine that reads files, and prepared summaries. Without it each opening measures, and nothing is written.
     */
    public val directory: File? = null,
    /** What computes the model. */
    public val engine: EngineLibrary = Reference,
    /** Whether `prepare` writes summaries to the directory, which the next opening reads. */
    public val keepsSummaries: Boolean = true,
) {
    init {
        if (!(memoryMb >= 0 && memoryMb <= 1e6)) throw EdgeError("memoryMb is $memoryMb", fix = "0 or more")
        if (logRows !in 0..1_000_000) throw EdgeError("logRows is $logRows", fix = "0 to 1000000")
    }
}

/** The limits of a request, or the exit that it names. With neither, the best exit answers. */
public class Budget(
    public val milliseconds: Double? = null,
    public val minAuc: Double? = null,
    public val exit: Exit? = null,
) {
    init {
        if (milliseconds != null && !(milliseconds > 0 && milliseconds < Double.MAX_VALUE)) {
            throw EdgeError("milliseconds is $milliseconds", fix = "above 0")
        }
        if (minAuc != null && !(minAuc > 0 && minAuc <= 1)) throw EdgeError("minAuc is $minAuc", fix = "above 0, at most 1")
        if (exit != null && (milliseconds != null || minAuc != null)) {
            throw EdgeError("a request names an exit and a limit", fix = "name one of the two")
        }
    }
}

/** What an app shows while a bundle is opened: a step, and the share of the whole that is done. */
public fun interface Progress {
    public fun report(step: String, done: Double)
}

/** Called between the parts of a request; true ends the request with a CancellationException. */
public fun interface Cancel {
    public fun isCancelled(): Boolean
}
