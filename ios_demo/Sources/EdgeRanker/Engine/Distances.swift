/// The bucket of the distance between two places (ENGINE.md, "The timeline"), below `distances`.
package func bucket(_ distance: Int, _ distances: Int) -> Int {
    let near = distances / 2
    if distance < near { return distance }
    let cube = distance * distance * distance
    var bound = near * near * near * 2
    var bucket = near
    while bucket < distances - 1 && cube >= bound {
        bound *= 2
        bucket += 1
    }
    return bucket
}

/// (place): from a candidate behind so many entries to each place; `distances` where it is empty.
package func apart(places: Int, distances: Int, entries: Int) -> [Int32] {
    (0..<places).map { Int32($0 < entries ? bucket(entries - $0, distances) : distances) }
}

/// (size, place + size), row-major: from each of the `new` entries to the places of the timeline, then to the new ones
/// up to itself; `distances` everywhere else.
package func apartOfNew(places: Int, distances: Int, entries: Int, new: Int, size: Int) -> [Int32] {
    var apart = [Int32](repeating: Int32(distances), count: size * (places + size))
    for row in 0..<new {
        let begin = row * (places + size)
        for place in 0..<entries { apart[begin + place] = Int32(bucket(entries + row - place, distances)) }
        for before in 0...row { apart[begin + places + before] = Int32(bucket(row - before, distances)) }
    }
    return apart
}
