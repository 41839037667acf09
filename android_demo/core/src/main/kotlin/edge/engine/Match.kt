package edge.engine

import edge.bundle.ModelShape

private const val OVERALL = 5f
private const val NO_LIKENESS = 0.3f
private const val CLIP = 4f

/** How candidates compare with the events of a timeline (ENGINE.md, "Match" and "Number and flag"). */
internal class Match(private val weights: Parameters, private val shape: ModelShape) {
    /** (candidate, 3 W + 1): best of each way, weighted of each, mean of each, 1 without events. */
    fun features(items: Matrix, timeline: Timeline): Matrix {
        val ways = shape.matchHeads
        val result = Matrix(items.rows, 3 * ways + 1)
        val places = (0 until timeline.entries).filter { timeline.events[it] > 0 }
        if (places.isEmpty()) {
            for (row in 0 until items.rows) result[row, 3 * ways] = 1f
            return result
        }
        val vectors = unit(weights.product("match.of_candidate", items))
        val sharpness = weights.floats("match.sharpness")
        for (way in 0 until ways) {
            val sharp = Math.exp(sharpness[way].toDouble()).toFloat()
            val gates = FloatArray(places.size) { timeline.gates[places[it], way] }
            val shares = gates.copyOf().also { softmax(it) }
            for (row in 0 until items.rows) feature(result, row, way, vectors, timeline, places, gates, shares, sharp)
        }
        return result
    }

    private fun feature(
        result: Matrix, row: Int, way: Int, vectors: Matrix, timeline: Timeline, places: List<Int>, gates: FloatArray,
        shares: FloatArray, sharp: Float,
    ) {
        val size = shape.matchSize
        val logits = FloatArray(places.size)
        var greatest = Float.NEGATIVE_INFINITY
        var mean = 0f
        for ((index, place) in places.withIndex()) {
            val cosine = dot(vectors.values, row * size, timeline.matchKeys.values, place * size, size)
            logits[index] = cosine * sharp + gates[index]
            greatest = maxOf(greatest, logits[index])
            mean += shares[index] * cosine * timeline.said[place, way]
        }
        var sum = 0f
        var weighted = 0f
        for ((index, place) in places.withIndex()) {
            val power = Math.exp((logits[index] - greatest).toDouble()).toFloat()
            sum += power
            weighted += power * timeline.said[place, way]
        }
        result[row, way] = (Math.log(sum.toDouble()).toFloat() + greatest) / sharp
        result[row, shape.matchHeads + way] = weighted / sum
        result[row, 2 * shape.matchHeads + way] = mean
    }

    fun factors(items: Matrix): Matrix =
        if (shape.factors == 0) Matrix(items.rows, 0) else weights.linear("likeness.factors", items)

    /** (candidate, 2): the number and its flag; 0 and 1 without factors or events. */
    fun likeness(items: Matrix, timeline: Timeline): Matrix {
        val result = Matrix(items.rows, 2)
        val places = (0 until timeline.entries).filter { timeline.events[it] > 0 }
        if (shape.factors == 0 || places.isEmpty()) {
            for (row in 0 until items.rows) result[row, 1] = 1f
            return result
        }
        val overall = scalar("overall")
        val level = overall + places.fold(0f) { sum, place -> sum + (timeline.liked[place] - overall) } / (places.size + OVERALL)
        val factors = factors(items)
        for (row in 0 until items.rows) {
            var number = 0f
            var total = NO_LIKENESS
            for (place in places) {
                val product = dot(factors.values, row * shape.factors, timeline.factors.values, place * shape.factors, shape.factors)
                val likeness = product * scalar("unit") * scalar("unit")
                number += likeness * (timeline.liked[place] - level)
                total += Math.abs(likeness)
            }
            result[row, 0] = ((number / total - scalar("mean")) / scalar("spread")).coerceIn(-CLIP, CLIP)
        }
        return result
    }

    private fun scalar(name: String): Float = weights.floats("likeness.$name")[0]
}
