package edge.ranker

import edge.EdgeError
import edge.bundle.Exit
import edge.caches.Summaries
import edge.caches.SummaryKey
import edge.engine.Entries
import edge.engine.Timeline
import edge.plan.Choice
import edge.plan.Pace
import edge.plan.Work
import edge.plan.bestFirst
import edge.plan.choose
import java.util.concurrent.CancellationException

/**
 * One request: it is planned, encoded, appended and scored (PLAN.md). The caller holds the locks of the user and the
 * engine.
 */
internal class Ranking(
    private val model: Model,
    private val summaries: Summaries,
    private val pace: Pace,
    private val user: UserState,
    private val handles: List<Handle>,
    private val time: Double?,
    private val budget: Budget,
    private val cancel: Cancel,
    private val started: Long,
) {
    private val shape = model.engine.shape
    private val scratch = model.scratch
    private val newTexts = HashMap<Int, Int>() // by encode depth: how many texts are encoded

    fun rank(): Ranked {
        val allowed = allowed()
        val needs = allowed.map { it.encode }.distinct().associateWith { neededOf(user, handles, it, shape, model.texts) }
        val works = needs.mapValues { (depth, needed) -> workOf(needed, depth) }
        val numbers = numbers()
        val planned = choose(allowed.map { choiceOf(it, works.getValue(it.encode)) }, left(), budget.minAuc)
        val predictedMs = elapsed() + pace.factor * planned.milliseconds
        val needed = needs.getValue(planned.exit.encode)
        val work = works.getValue(planned.exit.encode)
        val before = elapsed()
        val (logits, taken) = compute(needed, planned.exit, work, numbers, allowed)
        pace.add(work.milliseconds(model.costs, taken.encode, taken.interact, shape.phraseDepth), elapsed() - before)
        return answer(logits, taken, planned.exit, predictedMs, needed)
    }

    /** The logits of the candidates at an exit, in the order of the candidates, to replay golden requests. */
    fun logits(exit: Exit): FloatArray {
        val needed = neededOf(user, handles, exit.encode, shape, model.texts)
        return compute(needed, exit, workOf(needed, exit.encode), numbers(), listOf(exit)).first
    }

    private fun allowed(): List<Exit> {
        val exit = budget.exit ?: return model.exits.keys.toList()
        if (exit !in model.exits) throw EdgeError("the bundle has no exit $exit", fix = model.exits.keys.joinToString())
        return listOf(exit)
    }

    private fun workOf(needed: Needed, depth: Int): Work {
        val chunks = summaries.missing(needed.items, depth)
        newTexts[depth] = chunks.sumOf { it.size }
        return Work(
            summaries.sizesOf(chunks),
            summaries.sizesOf(summaries.missing(needed.phrases, shape.phraseDepth)),
            needed.newEvents,
            model.engine.paddedCandidates(handles.size, 1),
            model.engine.paddedCandidates(handles.size, 0),
        )
    }

    private fun numbers(): List<FloatArray> = handles.mapIndexed { index, handle ->
        user.numbers.of(handle.item, time, "candidates[$index]")
    }

    private fun choiceOf(exit: Exit, work: Work, scoringAlone: Boolean = false): Choice {
        val milliseconds = if (scoringAlone) {
            work.scoring(model.costs, exit.interact)
        } else {
            work.milliseconds(model.costs, exit.encode, exit.interact, shape.phraseDepth)
        }
        return Choice(model.exits.getValue(exit), milliseconds)
    }

    private fun compute(
        needed: Needed, planned: Exit, work: Work, numbers: List<FloatArray>, allowed: List<Exit>,
    ): Pair<FloatArray, Exit> = scratch.frame {
        val new = needed.newEntries
        val entries = entriesOf(needed, planned.encode, numbers)
        val timeline = append(needed, planned.encode, entries.part(0, new))
        pause()
        var exit = planned
        if (budget.milliseconds != null) {
            val others = allowed.filter { it.encode == planned.encode }.map { choiceOf(it, work, scoringAlone = true) }
            exit = choose(others, left(), budget.minAuc).exit
        }
        if (handles.isEmpty()) return FloatArray(0) to exit
        model.engine.score(entries.part(new, handles.size), timeline, exit.interact) to exit
    }

    /** The entries that the timeline lacks, then the candidates. */
    private fun entriesOf(needed: Needed, depth: Int, numbers: List<FloatArray>): Entries {
        val entries = Entries.of(needed.newEntries + handles.size, shape, scratch)
        // The profile has no phrase and no numbers.
        val events = needed.newEntries - needed.newEvents
        summaries.take(needed.items, depth, entries.items) { pause() }
        summaries.take(needed.phrases, shape.phraseDepth, entries.phrases.part(events, needed.phrases.size)) { pause() }
        for (index in 0 until needed.newEvents) entries.setNumbers(events + index, user.numbersOf(needed.lacking.from + index))
        for (index in numbers.indices) entries.setNumbers(needed.newEntries + index, numbers[index])
        return entries
    }

    /** The timeline with what it lacked: profile and events, or new events alone. */
    private fun append(needed: Needed, depth: Int, entries: Entries): Timeline {
        val lacking = needed.lacking
        val kept = if (lacking.whole) KeptTimeline(lacking.first, Timeline(shape)) else user.timelines.getValue(depth)
        if (entries.count > 0) {
            pause()
            val new = model.engine.append(entries, lacking.whole, kept.timeline)
            kept.timeline.append(new, entries.count, lacking.whole, liked(needed))
        }
        user.timelines[depth] = kept
        return kept.timeline
    }

    /** The value of each new entry; 0 for the profile. */
    private fun liked(needed: Needed) = FloatArray(needed.newEntries) { index ->
        val event = index - (needed.newEntries - needed.newEvents)
        if (event < 0) 0f else user.value(needed.lacking.from + event)
    }

    private fun answer(logits: FloatArray, exit: Exit, planned: Exit, predictedMs: Double, needed: Needed): Ranked {
        val order = bestFirst(logits)
        val measured = model.exits.getValue(exit)
        val scores = order.map { measured.calibration?.chance(logits[it]) ?: logits[it].toDouble() }
        val encoded = newTexts.getValue(exit.encode)
        val distinct = needed.items.map { SummaryKey(exit.encode, it) }.toSet().size
        val explanation = Explanation(
            exit, planned, predictedMs, elapsed(), encoded, distinct - encoded, needed.newEvents,
            user.size - needed.lacking.first - needed.newEvents, measured.auc, budget.milliseconds, budget.minAuc,
            measured.calibration != null,
        )
        return Ranked(order.map { handles[it].item }, scores, explanation)
    }

    private fun pause() {
        if (cancel.isCancelled()) throw CancellationException("the request was cancelled")
    }

    private fun elapsed(): Double = (System.nanoTime() - started) / 1e6

    /** What is left of the budget, in the milliseconds that were measured at opening. */
    private fun left(): Double? = budget.milliseconds?.let { (it - elapsed()) / pace.caution }
}
