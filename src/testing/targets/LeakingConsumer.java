import java.util.ArrayList;
import java.util.List;

/** Keeps one record of 1 KiB every millisecond (or as its argument says), and makes garbage: a consumer that forgets nothing. */
public class LeakingConsumer {
    record Message(byte[] value) {}

    static final List<Message> kept = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        long everyMs = arguments.length > 0 ? Long.parseLong(arguments[0]) : 1;
        System.out.println("ready");
        for (long count = 0; ; count++) {
            kept.add(new Message(new byte[1024]));
            byte[] garbage = new byte[4096];
            garbage[(int) (count % garbage.length)] = 1;
            Thread.sleep(everyMs);
        }
    }
}
