#if canImport(Darwin)
    import CoreFoundation
    import Darwin
#else
    import Glibc
#endif

extension Options.Directory {
    /// The folder; nil for `.memory`, or if the system names none.
    var folder: Folder? {
        switch self {
        case .memory: nil
        case .path(let path): Folder(path)
        case .standard: environment("EDGE_CACHE").map(Folder.init) ?? environment("HOME").map { Folder($0).folder(ofHome) }
        }
    }
}

#if canImport(Darwin)
    /// The system removes nothing from it, whereas it may empty `Caches` while the app runs.
    private let ofHome = "Library/Application Support/edge-ranker"
#else
    private let ofHome = ".cache/edge-ranker"
#endif

private func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// Excludes a folder from the backups of Apple's systems: everything in it can be made again from the bundle.
func excludeFromBackup(_ folder: Folder) {
    #if canImport(Darwin)
        let path = Array(folder.path.utf8)
        guard let url = CFURLCreateFromFileSystemRepresentation(nil, path, path.count, true) else { return }
        CFURLSetResourcePropertyForKey(url, kCFURLIsExcludedFromBackupKey, kCFBooleanTrue, nil)
    #endif
}
