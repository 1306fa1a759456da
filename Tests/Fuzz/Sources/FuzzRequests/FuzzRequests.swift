import FuzzDriver
import FuzzTargets

@main enum FuzzRequests {
    static func main() { drive { data, count in FuzzEntry.requests.run(data, count) } }
}
