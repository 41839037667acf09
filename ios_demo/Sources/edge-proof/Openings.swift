import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Opens a bundle with each directory that standard input names, and verifies it if the line ends in `verify`.
///
/// tests/android_demo/kill_openings.py kills the process meanwhile.
func openEach(_ bundle: String, _ engine: EngineChoice) async throws {
    say("begin")
    while let line = readLine() {
        let words = line.split(separator: " ")
        guard let directory = words.first else { throw EdgeError("a line names no directory") }
        let ranker = try await Ranker.open(.file(bundle), Options(engine: engine, directory: .path(String(directory))))
        if let reason = try await ranker.notInstalled { throw reason }
        if words.count > 1 { try await ranker.verify() }
        await ranker.close()
        say("open")
    }
}

/// Writes a line at once; `print` would buffer it if the output is a pipe.
func say(_ word: String) {
    let line = Array("\(word)\n".utf8)
    _ = write(STDOUT_FILENO, line, line.count)
}
