package edge.engine

/** The bucket of the distance between two places (ENGINE.md, "The timeline"), below [distances]. */
internal fun bucketOf(distance: Int, distances: Int): Int {
    val near = distances / 2
    if (distance < near) return distance
    val cube = distance.toLong() * distance * distance
    var bound = near.toLong() * near * near * 2
    var bucket = near
    while (bucket < distances - 1 && cube >= bound) {
        bound *= 2
        bucket++
    }
    return bucket
}

/** (place): from a candidate behind so many entries to each place; [distances] where it is empty. */
internal fun apart(places: Int, distances: Int, entries: Int): IntArray =
    IntArray(places) { place -> if (place < entries) bucketOf(entries - place, distances) else distances }

/** (new, place + new): from each new entry to the places of the timeline, then to the new ones up to itself. */
internal fun apartOfNew(places: Int, distances: Int, entries: Int, new: Int): Array<IntArray> = Array(new) { row ->
    IntArray(places + new) { column ->
        val place = if (column < places) column else entries + column - places
        val seen = if (column < places) column < entries else column - places <= row
        if (seen) bucketOf(entries + row - place, distances) else distances
    }
}
