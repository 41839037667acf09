package edge.ort

import edge.REPOSITORY
import edge.bundle.Source
import edge.ranker.Options
import edge.ranker.Ranker
import edge.refusal
import edge.trainedBundle
import java.io.File
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertTrue

class OnnxRuntimeTest {
    private val directory = File.createTempFile("edge", "").also { it.delete() }

    @AfterTest
    fun remove() {
        directory.deleteRecursively()
    }

    @Test
    fun `a trained bundle passes its golden requests on ONNX Runtime at every exit, opened for the first time and again`() {
        repeat(2) {
            Source.file(trainedBundle()).use { Ranker.open(it, Options(directory = directory, engine = OnnxRuntime())) }.use { it.verify() }
        }
    }

    @Test
    fun `a model that is none is refused by its name`() {
        val file = REPOSITORY.resolve("edge/bundle/vectors/plain.edge")
        val message = refusal("a model of four bytes") {
            Source.file(file).use { Ranker.open(it, Options(directory = directory, engine = OnnxRuntime())) }
        }
        assertTrue(".onnx" in message, message)
    }

    @Test
    fun `without a directory the fix names the option`() {
        val file = REPOSITORY.resolve("edge/bundle/vectors/plain.edge")
        val message = refusal("no directory") { Source.file(file).use { Ranker.open(it, Options(engine = OnnxRuntime())) } }
        assertTrue("directory" in message, message)
    }
}
