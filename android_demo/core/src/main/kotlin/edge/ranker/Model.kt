package edge.ranker

import edge.bundle.Bundle
import edge.bundle.Exit
import edge.bundle.Golden
import edge.bundle.MeasuredExit
import edge.bundle.best
import edge.engine.Engine
import edge.engine.Scratch
import edge.plan.Costs
import edge.text.TextSpec
import edge.text.Texts

/** An opened bundle and the engine that computes it. */
internal class Model(
    @JvmField val bundle: Bundle,
    @JvmField val spec: TextSpec,
    @JvmField val texts: Texts,
    @JvmField val engine: Engine,
    @JvmField val costs: Costs,
    goldenLines: ByteArray = bundle.read("golden.jsonl"),
    /** The SHA-256 of `weights.bin`, by which summaries are recognised; empty if the bundle has none. */
    @JvmField val weights: String = bundle.weightsSha256,
) {
    /** The memory in which requests compute, one after another. */
    val scratch = Scratch()
    val golden = Golden(bundle.manifest, goldenLines, spec, texts)
    val exits: Map<Exit, MeasuredExit> = bundle.manifest.exits.associateBy { it.exit }
    val best: Exit = best(bundle.manifest.exits).exit
}
