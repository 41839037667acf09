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
package func apart(places: Int, distances: Int, entries: Int) -> [Int] {
    (0..<places).map { $0 < entries ? bucket(entries - $0, distances) : distances }
}

/// (new, place + new): from each new entry to the places of the timeline, then to the new ones up to itself.
package func apartOfNew(places: Int, distances: Int, entries: Int, new: Int) -> [[Int]] {
    (0..<new).map { row in
        (0..<places + new).map { column in
            let place = column < places ? column : entries + column - places
            let isSeen = column < places ? column < entries : column - places <= row
            return isSeen ? bucket(entries + row - place, distances) : distances
        }
    }
}
