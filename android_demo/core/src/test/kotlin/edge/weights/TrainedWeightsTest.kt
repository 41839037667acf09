package edge.weights

import edge.bundle.Bundle
import edge.bundle.Source
import edge.trainedBundle
import org.junit.Assume
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals

class TrainedWeightsTest {
    @Test
    fun `every tensor of a trained bundle has the bytes that Python reads`() {
        val file = trainedBundle()
        val listed = System.getProperty("edge.tensors").orEmpty()
        Assume.assumeTrue("Python listed no tensors", listed.isNotEmpty())
        val expected = File(listed).readLines().associate { it.substringBefore(' ') to it.substringAfter(' ') }
        val weights = Source.file(file).use { Bundle.open(it).weights }
        assertEquals(expected, weights.mapValues { sha256(it.value) })
    }
}
