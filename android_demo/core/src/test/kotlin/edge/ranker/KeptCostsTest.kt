package edge.ranker

import edge.bundle.ModelShape
import edge.engine.ReferenceEngine
import java.io.File
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals

class KeptCostsTest {
    private val shape = ModelShape(8, 2, listOf(1), 2, 5, 7, 1, 6, 4, 2, 3, 17, "liked")

    @Test
    fun `costs are measured once, and again where their file is damaged`() {
        val directory = File.createTempFile("edge", "").also { it.delete() }
        try {
            val engine = ReferenceEngine(randomWeights(shape), shape)
            val measured = keptCosts(directory, "0", engine)
            val file = directory.listFiles()!!.single()
            assertEquals("costs-0-reference.json", file.name)
            val kept = keptCosts(directory, "0", engine)
            assertContentEquals(measured.append.milliseconds, kept.append.milliseconds)
            assertEquals(measured.score.map { it.milliseconds.toList() }, kept.score.map { it.milliseconds.toList() })
            val good = file.readText()
            for (bad in listOf("", "{}", good.dropLast(1), good.replace("score", "scores"), good.replace("[1,", "[99,"))) {
                file.writeText(bad)
                assertEquals(3, keptCosts(directory, "0", engine).score.size)
                assertEquals(true, file.readText() != bad)
            }
        } finally {
            directory.deleteRecursively()
        }
    }
}
