#include "api/dnsctl/completion.h"

#include <fmt/format.h>

#include <CLI/App.hpp>

namespace ctl {
namespace {

std::string words(const CLI::App& app) {
  std::string all;
  const auto add = [&](const std::string& word) { all += (all.empty() ? "" : " ") + word; };
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) add(sub->get_name());
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) add("--" + name);
  }
  return all;
}

std::string cases(const CLI::App& app, const std::string& path) {
  auto text = fmt::format("    '{}') words='{}' ;;\n", path, words(app));
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    text += cases(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name());
  }
  return text;
}

std::string names(const CLI::App& app) {
  std::string all;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    all += "|" + sub->get_name();
    all += names(*sub);
  }
  return all;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  return fmt::format(
      "# bash completion of dnsctl; load it with: source <(dnsctl completion bash)\n"
      "_dnsctl() {{\n"
      "  local word path='' words=''\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case \"$word\" in\n"
      "    --) return ;;\n"
      "    {}) path=\"${{path:+$path }}$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path\" in\n"
      "{}"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "}}\n"
      "complete -o default -F _dnsctl dnsctl\n",
      names(app).substr(1), cases(app, ""));
}

}  // namespace ctl
