import FuzzDriver
import FuzzTargets

@main enum FuzzConnections {
    static func main() { drive { data, count in FuzzEntry.connections.run(data, count) } }
}
