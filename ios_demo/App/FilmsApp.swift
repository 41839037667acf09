import SwiftUI

/// Ranks the candidates of `request.json` with `movies.edge`, both of which are resources of the app (docs/ios.md).
@main
struct FilmsApp: App {
    var body: some Scene {
        WindowGroup {
            FilmList(model: FilmModel())
        }
    }
}
