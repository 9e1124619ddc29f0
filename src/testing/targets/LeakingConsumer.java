import java.util.ArrayList;
import java.util.List;

/** Keeps one record of 1 KiB every millisecond, and makes garbage: a consumer that forgets nothing. */
public class LeakingConsumer {
    record Message(byte[] value) {}

    static final List<Message> kept = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        System.out.println("ready");
        for (long count = 0; ; count++) {
            kept.add(new Message(new byte[1024]));
            byte[] garbage = new byte[4096];
            garbage[(int) (count % garbage.length)] = 1;
            Thread.sleep(1);
        }
    }
}
