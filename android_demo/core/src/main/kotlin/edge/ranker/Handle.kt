package edge.ranker

import edge.text.Item

/** An item that was rendered and tokenised before, by `Ranker.prepare`. */
public class Handle internal constructor(
    public val item: Item,
    internal val owner: Any,
    internal val tokens: IntArray,
    internal val context: IntArray,
)
