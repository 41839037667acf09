package edge.ranker

import edge.bundle.ModelShape
import edge.engine.ReferenceEngine
import java.io.File
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals

class KeptCostsTest {
    private val shape = ModelShape(8, 2, listOf(1), 2, 5, 7, 1, 6, 4, 2, 3, 17, "liked")

    private val directory = File.createTempFile("edge", "").also { it.delete() }

    @AfterTest
    fun remove() {
        directory.deleteRecursively()
    }

    @Test
    fun `costs are measured once, and again where their file is damaged`() {
        val engine = ReferenceEngine(randomWeights(shape), shape)
        val measured = keptCosts(directory, "0", engine)
        val file = File(directory, "costs-0-reference.json")
        assertEquals(setOf(".lock", file.name), directory.list()!!.toSet())
        val kept = keptCosts(directory, "0", engine)
        assertContentEquals(measured.append.milliseconds, kept.append.milliseconds)
        assertEquals(measured.score.map { it.milliseconds.toList() }, kept.score.map { it.milliseconds.toList() })
        val good = file.readText()
        for (bad in listOf("", "{}", good.dropLast(1), good.replace("score", "scores"), good.replace("[1,", "[99,"))) {
            file.writeText(bad)
            assertEquals(3, keptCosts(directory, "0", engine).score.size)
            assertEquals(true, file.readText() != bad)
        }
    }

    @Test
    fun `what a killed process left is removed, and so are bundles before the one before`() {
        val engine = ReferenceEngine(randomWeights(shape), shape)
        for (bundle in listOf("a", "b", "c")) {
            keptCosts(directory, bundle, engine)
            File(directory, "costs-$bundle-reference.json").setLastModified(1_000_000L * bundle[0].code)
            File(directory, "costs-$bundle-reference.json.partial").writeText("[")
        }
        keptCosts(directory, "d", engine)
        assertEquals(setOf(".lock", "costs-c-reference.json", "costs-d-reference.json"), directory.list()!!.toSet())
    }

    @Test
    fun `costs that cannot be kept are measured at each opening`() {
        directory.writeText("a file")
        assertEquals(3, keptCosts(directory, "0", ReferenceEngine(randomWeights(shape), shape)).score.size)
        assertEquals("a file", directory.readText())
    }
}
