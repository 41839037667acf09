/// How many installations stay: that of the app's bundle, and the one used before it.
private let most = 2

/// The folder of `cache` with a bundle's files, unpacked if need be (BUNDLE.md, section 7). Call it under the lock of
/// the cache.
///
/// Of the other installations, only the one used last stays. Errors: the cache cannot be written.
func installed(_ bundle: EdgeBundle, in cache: Folder) throws -> Folder {
    let target = cache.folder(bundle.sha256)
    removeLeftovers(cache)
    if isIntact(bundle, target) {
        for name in target.names where name.hasSuffix(partialEnding) { try? target.removeFile(name) }
    } else {
        try unpack(bundle, target)
    }
    try target.touch()
    let others = installations(cache).filter { $0 != target }.sorted { $0.modified > $1.modified }
    for folder in others.dropFirst(most - 1) { try? removeWhole(folder) }
    return target
}

/// Removes the installations of other bundles of this one's name, which it has replaced. Call it under the lock of the
/// cache.
func removeReplaced(by bundle: EdgeBundle, in cache: Folder) {
    for folder in installations(cache) where folder.name != bundle.sha256 {
        if nameOfBundle(folder) == bundle.manifest.name { try? removeWhole(folder) }
    }
}

/// Whether every file is there with the bytes that the bundle has.
private func isIntact(_ bundle: EdgeBundle, _ folder: Folder) -> Bool {
    bundle.installable.allSatisfy { folder.size($0.path) == $0.bytes && folder.sha256($0.path) == $0.sha256 }
}

/// Each file is checked while it is written, and all of them before one can be used.
private func unpack(_ bundle: EdgeBundle, _ target: Folder) throws {
    let partial = target.sibling(partialEnding)
    do {
        try partial.make()
        try bundle.unpack { path, pieces in try partial.write(path, pieces) }
        let damaged = target.sibling(".old" + partialEnding)
        if target.isThere { try target.rename(to: damaged) }
        try partial.rename(to: target)
        try? damaged.remove()
    } catch {
        try? partial.remove()
        throw error
    }
}

/// What killed installers left.
private func removeLeftovers(_ cache: Folder) {
    for name in cache.names where name.hasSuffix(partialEnding) && cache.folder(name).isThere {
        try? cache.folder(name).remove()
    }
}

/// Renamed first, so that a killed process leaves no incomplete installation under this name.
private func removeWhole(_ folder: Folder) throws {
    if isHeld(folder) { return }
    let leaving = folder.sibling(partialEnding)
    try folder.rename(to: leaving)
    try leaving.remove()
}

private func installations(_ cache: Folder) -> [Folder] {
    cache.names.filter { $0.utf8.count == 64 && bytes(ofHex: $0.utf8) != nil }.map(cache.folder).filter(\.isThere)
}

private func nameOfBundle(_ folder: Folder) -> String? {
    guard let bytes = folder.read(manifestPath), case .object(let manifest) = try? JsonReader.readStrictly(bytes),
        case .text(let name) = manifest["name"]
    else { return nil }
    return name.description
}
