package edge.ranker

import edge.text.Item

/** An item that `Ranker.prepare` rendered and tokenised ahead of requests. */
public class Handle internal constructor(
    public val item: Item,
    internal val owner: Any,
    internal val tokens: IntArray,
    internal val context: IntArray,
)
