package edge.engine

private const val AT_ONCE = 4

/**
 * Dot products of a vector with [count] others, which lie [stride] apart. Each is summed from its first number to its
 * last, so that it is the same whatever is computed beside it; four at once, because a sum waits for its last addition.
 */
internal fun dots(
    a: FloatArray, aBegin: Int, b: FloatArray, bBegin: Int, stride: Int, width: Int, out: FloatArray, outBegin: Int, count: Int,
) {
    var done = 0
    while (done + AT_ONCE <= count) {
        val first = bBegin + done * stride
        val second = first + stride
        val third = second + stride
        val fourth = third + stride
        var s0 = 0f
        var s1 = 0f
        var s2 = 0f
        var s3 = 0f
        for (index in 0 until width) {
            val x = a[aBegin + index]
            s0 += x * b[first + index]
            s1 += x * b[second + index]
            s2 += x * b[third + index]
            s3 += x * b[fourth + index]
        }
        out[outBegin + done] = s0
        out[outBegin + done + 1] = s1
        out[outBegin + done + 2] = s2
        out[outBegin + done + 3] = s3
        done += AT_ONCE
    }
    while (done < count) {
        out[outBegin + done] = dot(a, aBegin, b, bBegin + done * stride, width)
        done++
    }
}

private fun dot(a: FloatArray, aBegin: Int, b: FloatArray, bBegin: Int, count: Int): Float {
    var sum = 0f
    for (index in 0 until count) sum += a[aBegin + index] * b[bBegin + index]
    return sum
}

/** Adds to a vector its shares of [count] others, which lie [stride] apart, in their order. */
internal fun blend(
    target: FloatArray, at: Int, b: FloatArray, bBegin: Int, stride: Int, width: Int, shares: FloatArray, sharesBegin: Int, count: Int,
) {
    var done = 0
    while (done + AT_ONCE <= count) {
        val first = bBegin + done * stride
        val second = first + stride
        val third = second + stride
        val fourth = third + stride
        val s0 = shares[sharesBegin + done]
        val s1 = shares[sharesBegin + done + 1]
        val s2 = shares[sharesBegin + done + 2]
        val s3 = shares[sharesBegin + done + 3]
        for (index in 0 until width) {
            val two = target[at + index] + s0 * b[first + index] + s1 * b[second + index]
            target[at + index] = two + s2 * b[third + index] + s3 * b[fourth + index]
        }
        done += AT_ONCE
    }
    while (done < count) {
        val from = bBegin + done * stride
        val share = shares[sharesBegin + done]
        for (index in 0 until width) target[at + index] += share * b[from + index]
        done++
    }
}
