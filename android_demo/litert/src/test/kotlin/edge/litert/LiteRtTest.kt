package edge.litert

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

class LiteRtTest {
    private val directory = File.createTempFile("edge", "").also { it.delete() }

    @AfterTest
    fun remove() {
        directory.deleteRecursively()
    }

    @Test
    fun `a trained bundle passes its golden requests on LiteRT at every exit, opened for the first time and again`() {
        repeat(2) { opened(trainedBundle()).use { it.verify() } }
    }

    @Test
    fun `a model that is none is refused before anything runs`() {
        val message = refusal("a model of four bytes") { opened(REPOSITORY.resolve("edge/bundle/vectors/two-engines.edge")) }
        assertTrue("LiteRT cannot open the model" in message, message)
    }

    private fun opened(file: File): Ranker = Source.file(file).use { Ranker.open(it, Options(directory = directory, engine = LiteRt())) }
}
