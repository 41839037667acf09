package edge.engine

import edge.bundle.ModelShape
import edge.ranker.randomWeights
import edge.refusal
import edge.weights.Tensor
import java.util.Random
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class ReferenceEngineTest {
    private val shape = ModelShape(8, 2, listOf(1), 2, 5, 7, 1, 6, 4, 2, 3, 17, "liked")
    private val random = Random(3)

    @Test
    fun `weights that are missing or of another shape are refused when the engine is made`() {
        val weights = randomWeights(shape)
        for ((name, tensor) in weights) {
            val twice = tensor.shape.copyOf().also { it[0] *= 2 }
            val longer = Tensor.ofFloats(name, twice, tensor.floats!!.let { it + it })
            assertTrue(name in refusal("$name twice") { ReferenceEngine(weights + (name to longer), shape) } || tensor.shape.size == 2)
            refusal("no $name") { ReferenceEngine(weights - name, shape) }
        }
        val narrow = weights + listOf("token" to 17, "position" to 5).map { (name, rows) -> matrix("$name.weight", rows, 4) } +
            listOf("weight", "bias").map { "embedding_norm.$it" to Tensor.ofFloats(it, intArrayOf(4), FloatArray(4)) }
        refusal("an embedding that nothing widens") { ReferenceEngine(narrow, shape) }
        val widened = narrow + matrix("widen.weight", 8, 4) + ("widen.bias" to Tensor.ofFloats("widen.bias", intArrayOf(8), FloatArray(8)))
        ReferenceEngine(widened, shape)
    }

    @Test
    fun `a candidate has one logit, to the bit, however many are scored with it`() {
        val engine = ReferenceEngine(randomWeights(shape), shape)
        val timeline = Timeline(shape)
        timeline.append(engine.append(entries(5), true, timeline), 5, true, floatArrayOf(0f, 1f, 0f, 1f, 1f))
        val candidates = entries(150)
        for (depth in 0..2) {
            val together = engine.score(candidates, timeline, depth)
            val alone = (0 until 150).map { engine.score(candidates.part(it, 1), timeline, depth).single() }
            assertContentEquals(together, alone.toFloatArray())
        }
    }

    @Test
    fun `a summary is the same, to the bit, in every chunk`() {
        val engine = ReferenceEngine(randomWeights(shape), shape)
        val segments = List(20) { IntArray(it % 7) { random.nextInt(17) } }
        val together = engine.summarise(segments, 1)
        for ((segment, summary) in segments.zip(together)) assertContentEquals(summary, engine.summarise(listOf(segment), 1)[0])
        assertContentEquals(together[0], engine.summarise(listOf(intArrayOf(1)), 1)[0])
    }

    @Test
    fun `a layer of integers adds up every product, of any number of rows`() {
        for (rows in listOf(1, 2, 7, 8, 9, 17)) {
            val integers = ByteArray(5 * 600) { if (random.nextInt(3) == 0) (if (random.nextBoolean()) 127 else -127) else 0 }
            val scales = FloatArray(5) { random.nextFloat() }
            val weight = Tensor.ofIntegers("w", intArrayOf(5, 600), integers)
            val layer = IntegerLinear(weight, scales, FloatArray(5) { it.toFloat() }, Levels())
            val inputs = Matrix(rows, 600, FloatArray(rows * 600) { random.nextGaussian().toFloat() * 100 })
            val result = layer.of(inputs, Scratch())
            val levels = IntArray(600)
            for (row in 0 until rows) {
                val step = levelsOf(inputs.values, inputs.at(row), 600, levels)
                for (output in 0 until 5) {
                    val sum = levels.indices.sumOf { levels[it] * integers[output * 600 + it] }
                    assertEquals(sum.toFloat() * step * scales[output] + output, result[row, output])
                }
            }
        }
    }

    @Test
    fun `the exponential is that of the platform within four hundred-billionths`() {
        for (step in -7_050..7_050) {
            val x = step / 10.0 + random.nextDouble() / 10
            assertEquals(1.0, if (Math.exp(x) == 0.0) 1 + exp(x) else exp(x) / Math.exp(x), 4e-11, "exp($x)")
        }
        assertTrue(exp(Double.NaN).isNaN() && exp(Double.POSITIVE_INFINITY).isInfinite() && exp(Double.NEGATIVE_INFINITY) == 0.0)
    }

    @Test
    fun `what is taken in a frame is free again after it, and zero`() {
        val scratch = Scratch()
        val first = scratch.frame { scratch.matrix(2, 3).also { it.values.fill(1f) } }
        val second = scratch.frame { scratch.matrix(3, 2) }
        assertTrue(first.values === second.values && second.values.all { it == 0f })
        scratch.frame {
            val kept = scratch.matrix(1, 1)
            scratch.clear()
            assertTrue(scratch.matrix(1, 1).values !== kept.values)
        }
    }

    private fun entries(count: Int) = Entries.of(count, shape).also { entries ->
        for (matrix in listOf(entries.items, entries.phrases)) each(matrix) { random.nextGaussian().toFloat() }
        for (row in 0 until count) entries.setNumbers(row, floatArrayOf(if (row % 3 == 0) Float.NaN else row / 10f))
    }

    private fun matrix(name: String, rows: Int, columns: Int) =
        name to Tensor.ofFloats(name, intArrayOf(rows, columns), FloatArray(rows * columns) { 0.1f })
}
