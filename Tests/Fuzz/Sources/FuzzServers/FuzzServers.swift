import FuzzDriver
import FuzzTargets

@main enum FuzzServers {
    static func main() { drive { data, count in FuzzEntry.servers.run(data, count) } }
}
