package edge.plan

import edge.kind
import edge.vectorsOf
import kotlin.test.Test
import kotlin.test.assertEquals

class PlanVectorsTest {
    private val vectors = vectorsOf("edge/runtime/planner.jsonl")

    @Test
    fun `every request takes its exit`() = vectors.kind("exit").forEach(::checkPlan)

    @Test
    fun `every list has its window`() = vectors.kind("first").forEach(::checkPlan)

    @Test
    fun `every pace is kept`() = vectors.kind("pace").forEach(::checkPlan)

    @Test
    fun `every request names its texts`() = vectors.kind("texts").forEach(::checkPlan)

    @Test
    fun `NaN comes last and equal logits keep their order`() {
        val logits = floatArrayOf(0f, Float.NaN, -0f, 2f, Float.NEGATIVE_INFINITY, 2f)
        assertEquals(listOf(3, 5, 0, 2, 1, 4), bestFirst(logits).toList())
    }
}
