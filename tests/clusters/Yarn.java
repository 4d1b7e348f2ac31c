import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/** A real YARN on this machine: writes its yarn-site.xml, says "ready", ends when its standard input does. */
public class Yarn {
    private static final String[][] SETTINGS = {
        {"fs.defaultFS", "file:///"},
        {"yarn.scheduler.minimum-allocation-mb", "128"},
        {"yarn.scheduler.capacity.root.queues", "default"},
        {"yarn.scheduler.capacity.root.default.capacity", "100"},
        {"yarn.scheduler.capacity.maximum-am-resource-percent", "1"},
        {"yarn.nodemanager.vmem-check-enabled", "false"},
        {"yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100"},
        {"yarn.nodemanager.delete.debug-delay-sec", "600"},
    };

    public static void main(String[] arguments) {
        try {
            serve(arguments[0]);
            System.exit(0);
        } catch (Exception error) { // some of YARN's threads would keep the process alive
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void serve(String site) throws Exception {
        Configuration settings = new YarnConfiguration();
        for (String[] setting : SETTINGS) {
            settings.set(setting[0], setting[1]);
        }
        Configuration own = new Configuration(settings);
        own.set("fs.AbstractFileSystem.file.impl", Local.class.getName());
        MiniYARNCluster cluster = new MiniYARNCluster("yarn", 1, 1, 1);
        cluster.init(own);
        cluster.start();
        cluster.waitForNodeManagersToConnect(60_000);
        Configuration clients = cluster.getConfig();
        clients.unset("fs.AbstractFileSystem.file.impl");
        try (OutputStream file = new FileOutputStream(site)) {
            clients.writeXml(file);
        }
        System.out.println("ready");
        while (System.in.read() >= 0) {
            // whoever started this is still there
        }
    }

    /** Local files. Without Hadoop's native library its own class starts a process for every file it unpacks. */
    public static class Local extends DelegateToFileSystem {
        public Local(URI address, Configuration settings) throws IOException, URISyntaxException {
            super(address, new Permitting(), settings, "file", false);
        }

        @Override
        public int getUriDefaultPort() {
            return -1;
        }

        @Override
        public boolean isValidName(String name) {
            return true;
        }
    }

    private static class Permitting extends RawLocalFileSystem {
        @Override
        public void setPermission(Path path, FsPermission permission) throws IOException {
            String letters = new FsPermission((short) (permission.toShort() & 0777)).toString();
            Files.setPosixFilePermissions(pathToFile(path).toPath(), PosixFilePermissions.fromString(letters));
        }
    }
}
