/// The engine of a bundle, its costs on this device, and where the bundle was installed for it.
struct LoadedEngine {
    let engine: any Engine
    let costs: Costs
    /// The app's folder for installations; nil if nothing is kept.
    private(set) var cache: Folder?
    /// Why nothing is kept although the options name a directory.
    private(set) var reason: EdgeError?

    /// Errors: the bundle has no model for the engine, or one that the engine refuses. If the folder cannot be written,
    /// the model is held in memory; that is an error only for an engine that reads files.
    static func load(
        _ bundle: EdgeBundle, _ options: Options, _ progress: (String, Double) -> Void
    ) throws -> LoadedEngine {
        if case .memory = options.directory { return try inMemory(bundle, options.engine, progress) }
        let failure: EdgeError
        do {
            if let cache = options.directory.folder { return try fromDisk(bundle, options.engine, cache, progress) }
            failure = EdgeError("the system names no folder to install in", fix: "Options(directory: .path(...))")
        } catch let error as DiskError {
            let fix = "make room there, or name another folder: Options(directory: .path(...))"
            failure = EdgeError("\(error.path) cannot be written", evidence: error.reason, fix: fix)
        }
        var loaded = try inMemory(bundle, options.engine, progress)
        loaded.reason = failure
        return loaded
    }

    /// While one process installs, loads and measures, others wait: they would disturb its times and remove its files.
    private static func fromDisk(
        _ bundle: EdgeBundle, _ choice: EngineChoice, _ cache: Folder, _ progress: (String, Double) -> Void
    ) throws -> LoadedEngine {
        try locking(cache) {
            excludeFromBackup(cache)
            let folder = try installed(bundle, in: cache)
            progress("load", 0.6)
            let engine = try choice.make(bundle.installed(in: folder))
            progress("measure", 0.8)
            return LoadedEngine(engine: engine, costs: try keptCosts(choice, engine, in: folder), cache: cache)
        }
    }

    private static func inMemory(
        _ bundle: EdgeBundle, _ choice: EngineChoice, _ progress: (String, Double) -> Void
    ) throws -> LoadedEngine {
        progress("load", 0.6)
        let engine = try choice.make(bundle)
        progress("measure", 0.8)
        return LoadedEngine(engine: engine, costs: try measuredCosts(engine))
    }
}
