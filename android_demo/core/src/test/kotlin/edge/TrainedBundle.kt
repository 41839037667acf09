package edge

import org.junit.Assume
import java.io.File

/** A bundle that was trained and exported; without one the test is skipped. */
internal fun trainedBundle(): File {
    val path = System.getProperty("edge.bundle").orEmpty()
    Assume.assumeTrue("EDGE_BUNDLE names no bundle", path.isNotEmpty())
    return File(path)
}
