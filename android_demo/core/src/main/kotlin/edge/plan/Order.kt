package edge.plan

/** The places of logits, best first (PLAN.md, section 6): NaN last, 0 and -0 equal, equal ones as they were. */
internal fun bestFirst(logits: FloatArray): IntArray {
    val keys = FloatArray(logits.size) { if (logits[it].isNaN()) Float.NEGATIVE_INFINITY else logits[it] + 0f }
    return keys.indices.sortedWith { a, b -> keys[b].compareTo(keys[a]) }.toIntArray()
}
