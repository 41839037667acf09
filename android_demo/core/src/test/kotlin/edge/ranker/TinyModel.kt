package edge.ranker

import edge.REPOSITORY
import edge.bundle.Bundle
import edge.bundle.ModelShape
import edge.bundle.Source
import edge.engine.Engine
import edge.engine.ReferenceEngine
import edge.plan.Costs
import edge.plan.Curve
import edge.text.Event
import edge.text.Item
import edge.text.TextEncoder
import edge.text.Texts
import edge.text.User
import edge.text.WordPiece
import edge.weights.Tensor
import java.nio.ByteBuffer
import java.util.Random

private val BUNDLE: Bundle by lazy {
    val bytes = REPOSITORY.resolve("edge/bundle/vectors/calibrated.edge").readBytes()
    Bundle.open(Source.buffer(ByteBuffer.wrap(bytes)))
}

/** A ranker of random weights, with the texts and the exits of a small bundle; [wrap] may watch its engine. */
internal fun tinyRanker(options: Options = Options(), wrap: (Engine) -> Engine = { it }): Ranker = Ranker(tinyModel(wrap), options)

/** [weights] and [vocabulary] may spoil what they get; [golden] stands for the golden requests of the bundle. */
internal fun tinyModel(
    wrap: (Engine) -> Engine = { it },
    weights: (Map<String, Tensor>) -> Map<String, Tensor> = { it },
    vocabulary: (List<String>) -> List<String> = { it },
    golden: String? = null,
): Model {
    val spec = BUNDLE.texts().first
    val tokens = String(BUNDLE.read("vocab.txt")).removeSuffix("\n").split('\n')
    val texts = Texts(spec, TextEncoder(WordPiece(vocabulary(tokens)), spec.lowercase))
    val shape = BUNDLE.manifest.shape
    val engine = wrap(ReferenceEngine(weights(randomWeights(shape)), shape))
    val curve = Curve(intArrayOf(1, 100), doubleArrayOf(1.0, 2.0))
    val costs = Costs(curve, curve, curve, List(shape.interactLayers + 1) { curve })
    return Model(BUNDLE, spec, texts, engine, costs, golden?.toByteArray() ?: BUNDLE.read("golden.jsonl"), "0".repeat(64))
}

internal fun randomWeights(shape: ModelShape): Map<String, Tensor> {
    val random = Random(7)
    val hidden = shape.hidden
    val inputs = 2 * (shape.numbers + if (shape.factors > 0) 1 else 0)
    val tensors = HashMap<String, Tensor>()
    fun floats(name: String, vararg extents: Int) {
        val values = FloatArray(extents.fold(1) { size, extent -> size * extent }) { random.nextGaussian().toFloat() * 0.3f }
        tensors[name] = Tensor.ofFloats(name, extents, values)
    }
    fun linear(name: String, outputs: Int, width: Int) {
        floats("$name.weight", outputs, width)
        floats("$name.bias", outputs)
    }
    fun norm(name: String) {
        floats("$name.weight", hidden)
        floats("$name.bias", hidden)
    }
    floats("token.weight", shape.vocabulary, hidden)
    floats("position.weight", shape.positions, hidden)
    floats("kind.weight", 3, hidden)
    floats("distance", shape.interactLayers, shape.heads, shape.distances)
    for (name in listOf("embedding_norm", "summary_norm", "head_norm")) norm(name)
    for (name in listOf("attention_norm", "feed_forward_norm")) norm("layers.0.$name")
    linear("layers.0.attention_in", 3 * hidden, hidden)
    linear("layers.0.attention_out", hidden, hidden)
    linear("layers.0.feed_forward_in", 2 * hidden, hidden)
    linear("layers.0.feed_forward_out", hidden, 2 * hidden)
    linear("numbers.0", 4, inputs)
    linear("numbers.2", hidden, 4)
    linear("deep.0", 4, inputs)
    linear("deep.3", 1, 4)
    linear("wide", 1, inputs)
    linear("head", 1, hidden)
    linear("matched", 1, 3 * shape.matchHeads + 1)
    linear("match.gate", shape.matchHeads, hidden)
    linear("match.value", shape.matchHeads, hidden)
    linear("likeness.factors", shape.factors, hidden)
    floats("match.of_event.weight", shape.matchSize, hidden)
    floats("match.of_candidate.weight", shape.matchSize, hidden)
    floats("match.sharpness", shape.matchHeads)
    for (name in listOf("overall", "unit", "mean", "spread")) floats("likeness.$name", 1)
    return tensors
}

private val COLOURS = listOf("red", "green", "blue", "old", "new")

/** Records as the templates and numbers of the bundle read them. */
internal fun itemOf(index: Int): Item {
    val title = "${COLOURS[index % 5]} ${COLOURS[index / 5 % 5]} sea"
    return Item("$index", mapOf("title" to title, "year" to 1 + index % 4, "age" to COLOURS[index % 3]))
}

internal fun eventOf(index: Int): Event = Event(itemOf(index * 3), mapOf("liked" to (index % 3 > 0)), index.toDouble())

internal val PROFILE: User = User(mapOf("kind" to "new"))
