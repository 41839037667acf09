package edge.engine

import edge.bundle.ModelShape

/**
 * What `append` gives of new entries: keys and values by interact layer (L, A, n, H / A), the rest (n, size). It holds
 * until the engine's next call; arrays may be longer than what they hold.
 */
internal class NewPlaces(
    @JvmField val keys: Array<FloatArray>,
    @JvmField val values: Array<FloatArray>,
    @JvmField val matchKeys: Matrix,
    @JvmField val gates: Matrix,
    @JvmField val said: Matrix,
    @JvmField val factors: Matrix,
)

/** What is kept of a user's entries (ENGINE.md, "The timeline"); places behind the last entry are 0. */
internal class Timeline(private val shape: ModelShape) {
    private val width = shape.hidden / shape.heads
    val keys = Array(shape.interactLayers) { FloatArray(shape.places * shape.hidden) } // (A, E, H / A) each
    val values = Array(shape.interactLayers) { FloatArray(shape.places * shape.hidden) }
    val matchKeys = Matrix(shape.places, shape.matchSize)
    val gates = Matrix(shape.places, shape.matchHeads)
    val said = Matrix(shape.places, shape.matchHeads)
    val factors = Matrix(shape.places, shape.factors)
    val events = FloatArray(shape.places)
    val liked = FloatArray(shape.places)
    var entries = 0
        private set

    /** Behind the profile. */
    val firstEvent: Int get() = minOf(1, entries)

    /** Writes new entries into the places that follow; [likedOfNew] has a value for each. */
    fun append(new: NewPlaces, count: Int, profile: Boolean, likedOfNew: FloatArray) {
        for (layer in keys.indices) {
            copyHeads(new.keys[layer], keys[layer], count)
            copyHeads(new.values[layer], values[layer], count)
        }
        for (row in 0 until count) {
            val place = entries + row
            matchKeys.setRow(place, new.matchKeys.values, new.matchKeys.at(row))
            gates.setRow(place, new.gates.values, new.gates.at(row))
            said.setRow(place, new.said.values, new.said.at(row))
            factors.setRow(place, new.factors.values, new.factors.at(row))
            events[place] = if (profile && row == 0) 0f else 1f
            liked[place] = likedOfNew[row]
        }
        entries += count
    }

    /** One that grows apart from this. */
    fun copy(): Timeline {
        val copied = Timeline(shape)
        for (layer in keys.indices) {
            keys[layer].copyInto(copied.keys[layer])
            values[layer].copyInto(copied.values[layer])
        }
        for ((from, to) in listOf(matchKeys to copied.matchKeys, gates to copied.gates, said to copied.said, factors to copied.factors)) {
            from.values.copyInto(to.values)
        }
        events.copyInto(copied.events)
        liked.copyInto(copied.liked)
        copied.entries = entries
        return copied
    }

    private fun copyHeads(from: FloatArray, to: FloatArray, count: Int) {
        for (head in 0 until shape.heads) {
            from.copyInto(to, (head * shape.places + entries) * width, head * count * width, (head + 1) * count * width)
        }
    }
}
