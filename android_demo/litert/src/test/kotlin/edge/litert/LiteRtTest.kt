package edge.litert

import edge.REPOSITORY
import edge.bundle.Bundle
import edge.bundle.ModelShape
import edge.bundle.Source
import edge.engine.withModelFiles
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
    fun `a trained bundle passes its golden requests through classes that look like LiteRT's`() {
        opened(trainedBundle(), LiteRt(1, LiteRt.Interface.KOTLIN)).use { it.verify() }
    }

    @Test
    fun `a model of other sizes than the manifest's is refused by the array that differs`() {
        Source.file(trainedBundle()).use { source ->
            val bundle = Bundle.open(source)
            val shape = bundle.manifest.shape
            val names = bundle.manifest.buckets.getValue("litert")
            withModelFiles("litert", bundle, directory) { models ->
                val model = NativeModel(File(models, "model.tflite"), 1)
                Buckets(names, shape).check(model)
                val wide = refusal("a place more") { Buckets(names, wider(shape)).check(model) }
                assertTrue("[" in wide && "${shape.places + 1}" in wide, wide)
                val absent = refusal("a bucket that is not there") { Buckets(names + "append_2", shape).check(model) }
                assertTrue("of append_2 is absent" in absent, absent)
                val missing = refusal("no append") { Buckets(names.filter { "append" !in it }, shape) }
                assertTrue("no signature for: append" in missing, missing)
                model.close()
            }
        }
    }

    private fun wider(shape: ModelShape) = ModelShape(
        shape.hidden, shape.heads, shape.encodeDepths, shape.interactLayers, shape.positions, shape.places + 1, shape.numbers,
        shape.distances, shape.matchSize, shape.matchHeads, shape.factors, shape.vocabulary, shape.value,
    )

    @Test
    fun `a model that is none is refused before anything runs`() {
        val message = refusal("a model of four bytes") { opened(REPOSITORY.resolve("edge/bundle/vectors/two-engines.edge")) }
        assertTrue("LiteRT cannot open the model" in message, message)
    }

    private fun opened(file: File, engine: LiteRt = LiteRt()): Ranker =
        Source.file(file).use { Ranker.open(it, Options(directory = directory, engine = engine)) }
}
