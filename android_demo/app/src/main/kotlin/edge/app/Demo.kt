package edge.app

import edge.android.SuspendingRanker
import edge.ranker.Budget
import edge.ranker.Handle
import edge.ranker.UserState
import edge.text.Event
import edge.text.Request
import java.util.Locale

/** What the screen shows of an answer: a line for each candidate, best first, and how it came about. */
internal class Answer(val lines: List<String>, val summary: String)

/** A user who looks at one list, without anything of Android: the candidates are prepared, and ranked as often as wished. */
internal class Demo private constructor(
    private val ranker: SuspendingRanker, private val request: Request, private val user: UserState, private val handles: List<Handle>,
) {
    suspend fun rank(milliseconds: Double): Answer {
        val ranked = ranker.rank(user, handles, Budget(milliseconds = milliseconds), request.time)
        val how = ranked.explanation
        val lines = ranked.items.zip(ranked.scores).map { (item, score) ->
            String.format(Locale.ROOT, "%.3f  %s", score, item.attributes["title"] ?: item.id)
        }
        val late = if (how.missed.isEmpty()) "" else ", missed: ${how.missed.joinToString()}"
        val summary = String.format(
            Locale.ROOT, "exit %s, %.1f ms of %.0f, AUC %s%s", how.exit, how.spentMs, milliseconds, how.auc?.let { "%.3f".format(Locale.ROOT, it) } ?: "unknown", late,
        )
        return Answer(lines, summary)
    }

    /** The user likes the candidate of that id, which changes the next answer. */
    suspend fun like(id: String) {
        val item = request.candidates.first { it.id == id }
        val said = request.events.lastOrNull()?.attributes.orEmpty()
        ranker.add(user, Event(item, said + ("liked" to true), request.time))
    }

    companion object {
        suspend fun start(ranker: SuspendingRanker, request: Request): Demo =
            Demo(ranker, request, ranker.user(request.user, request.events, "demo"), ranker.prepare(request.candidates))
    }
}
