// Java's JNDI provider for DNS: answers the questions on its standard input; see resolving.py.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;

public class Resolve {
  static String ask(DirContext dns, String type, String name) {
    try {
      Attribute found = dns.getAttributes(name, new String[] {type}).get(type);
      if (found == null) return "NODATA";
      List<String> records = new ArrayList<>();
      for (NamingEnumeration<?> each = found.getAll(); each.hasMore();) {
        String record = each.next().toString();  // "1 10 8080 w1.worker.corp."
        records.add(type.equals("SRV") ? record.replaceAll("\\.$", "").replace(' ', ':') : record);
      }
      return String.join(" ", records);
    } catch (NameNotFoundException absent) {
      return "NXDOMAIN";
    } catch (NamingException failed) {
      return "error " + failed;
    }
  }

  public static void main(String[] args) throws Exception {
    Hashtable<String, String> environment = new Hashtable<>();
    environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
    environment.put(Context.PROVIDER_URL, "dns://" + args[0]);
    DirContext dns = new InitialDirContext(environment);
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = questions.readLine()) != null;) {
      String[] words = line.split(" ");
      System.out.println(ask(dns, words[0], words[1]));
    }
  }
}
