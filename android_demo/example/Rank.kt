package edge.example

import edge.EdgeError
import edge.bundle.Source
import edge.ranker.Budget
import edge.ranker.Ranker
import edge.text.parseRequest
import java.io.File
import kotlin.system.exitProcess

/** Ranks the candidates of a request with a bundle, within 50 ms: `RankKt BUNDLE REQUEST`. */
public fun main(arguments: Array<String>) {
    try {
        val (bundle, request) = arguments.map(::File)
        rank(bundle, request)
    } catch (error: EdgeError) {
        System.err.println("error: ${error.message}")
        exitProcess(2)
    }
}

private fun rank(bundle: File, request: File) {
    val asked = parseRequest(request.readBytes())
    val ranker = Source.file(bundle).use { Ranker.open(it) }
    ranker.use {
        ranker.verify()
        val user = ranker.user(asked.user, asked.events)
        val ranked = ranker.rank(user, asked.candidates, Budget(milliseconds = 50.0), asked.time)
        for ((item, score) in ranked.items.zip(ranked.scores)) println("$score  ${item.id}  ${item.attributes["title"] ?: ""}")
        println(ranked.explanation)
    }
}
