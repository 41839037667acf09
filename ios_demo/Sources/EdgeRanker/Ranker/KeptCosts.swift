/// The engine's costs on this device: those that an earlier opening measured, if their file is valid; otherwise they
/// are measured now and written for the next opening. In both cases every call of the engine has run when this returns.
func keptCosts(_ choice: EngineChoice, _ engine: any Engine, in folder: Folder) throws -> Costs {
    let name = "costs-\(choice.name)-\(choice.variant).json"
    if let kept = folder.read(name).flatMap({ parsedCosts($0, layers: engine.shape.interactLayers) }) {
        _ = try measuredCosts(engine, timings: 1)
        return kept
    }
    let costs = try measuredCosts(engine)
    try? folder.replace(name, with: Array(writeJson(json(costs)).utf8))
    return costs
}

/// Nil if the bytes are not costs.
private func parsedCosts(_ bytes: [UInt8], layers: Int) -> Costs? {
    guard case .object(let values) = try? JsonReader.readStrictly(bytes), case .list(let list) = values["score"],
        let chunk = curve(values["chunk"]), let encode = curve(values["encode"]), let append = curve(values["append"])
    else { return nil }
    let score = list.compactMap { curve($0) }
    if score.count != list.count || score.count != layers + 1 { return nil }
    return Costs(chunk: chunk, encode: encode, append: append, score: score)
}

/// Of [[size, milliseconds], ...]; nil if the value is not that, or the sizes do not ascend.
private func curve(_ value: JsonValue?) -> Curve? {
    guard case .list(let points) = value, !points.isEmpty else { return nil }
    var sizes: [Int] = []
    var milliseconds: [Double] = []
    for point in points {
        guard case .list(let pair) = point, pair.count == 2, case .integer(let size) = pair[0], let cost = pair[1].double,
            (0...largestCount).contains(size), Int(size) > sizes.last ?? -1, cost >= 0
        else { return nil }
        sizes.append(Int(size))
        milliseconds.append(cost)
    }
    return Curve(sizes: sizes, milliseconds: milliseconds)
}

private func json(_ costs: Costs) -> JsonValue {
    var object = JsonObject()
    for (name, curve) in [("chunk", costs.chunk), ("encode", costs.encode), ("append", costs.append)] {
        _ = object.add(ByteText(name), json(curve))
    }
    _ = object.add("score", .list(costs.score.map(json)))
    return .object(object)
}

private func json(_ curve: Curve) -> JsonValue {
    .list(zip(curve.sizes, curve.milliseconds).map { .list([.integer(Int64($0)), .number($1)]) })
}
