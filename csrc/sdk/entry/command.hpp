// The C functions of commands; include it in one .cpp of a plugin.
#pragma once

#include "sdk/entry/buffer.hpp"
#include "sdk/entry/event.hpp"
#include "sdk/entry/library.hpp"
#include "sdk/entry/schedule.hpp"

namespace nxs::entry {

using CommandView = Owned<Command<Backend>>;
using BackendStep = Step<Backend>;

inline auto &commands() { return tables<Backend>().commands; }

inline nxs_handle record(nxs_handle schedule, BackendStep step, nxs_handle kernel, nxs_handle event,
                         std::vector<nxs_handle> arguments) {
  auto command = std::make_shared<Command<Backend>>();
  command->schedule = schedules().find(schedule);
  command->type = step.type;
  command->kernel = kernel;
  command->event = event;
  command->set_arguments(std::move(arguments));
  return command->schedule->record(std::move(step), [&](size_t index) {
    command->index = index;
    return commands().insert(command);
  });
}

// The event of a signal or wait of the schedule, as one owns it who may signal. Only a Shared one
// goes beyond its device.
inline std::shared_ptr<Event> event_for(nxs_handle schedule, nxs_handle event) {
  auto found = events().find(event);
  const nxs_int device = schedules().find(schedule)->device();
  if (found->type != NXS_EventType_Shared && found->device != device)
    throw Error(NXS_InvalidDevice, "a " + std::string(event_type_name(found->type)) +
                                       " event of device " + std::to_string(found->device) +
                                       " in a schedule of device " + std::to_string(device) +
                                       "; make it Shared");
  return found;
}

[[noreturn]] inline void refuse(const Command<Backend> &command, const char *what) {
  static constexpr const char *kNames[] = {"a dispatch", "a signal", "a wait", "a copy", "a fill"};
  throw Error(NXS_InvalidCommand,
              std::string(kNames[command.type]) + " command does not take " + what);
}

inline void check_index(nxs_int index, size_t n_args) {
  if (index < 0 || static_cast<size_t>(index) >= n_args)
    throw Error(NXS_InvalidArgIndex, "argument index " + std::to_string(index) + "; there are " +
                                         std::to_string(n_args) + " arguments");
}

[[noreturn]] inline void refuse_argument(const BackendStep &step, nxs_int index, bool is_value,
                                         size_t nbytes) {
  const ArgumentInfo &arg = step.kernel->info()->args[static_cast<size_t>(index)];
  const std::string where = "argument " + std::to_string(index) + " (" + arg.type + " " + arg.name +
                            ") of kernel " + step.kernel->name();
  if (arg.is_value() != is_value)
    throw Error(NXS_InvalidArgValue, where + (is_value ? " is a buffer and got a value"
                                                       : " is a value and got a buffer"));
  throw Error(NXS_InvalidArgSize, where + " has " + std::to_string(arg.nbytes) + " bytes and got " +
                                      std::to_string(nbytes));
}

// Checks an argument against what the kernel says of it; a kernel without a record grows to the
// index.
inline ArgumentValue<Backend::Buffer> &argument(BackendStep &step, nxs_int index, bool is_value,
                                                size_t nbytes) {
  const auto &info = step.kernel->info();
  check_index(index, info ? step.args.size() : kMaxArguments);
  const auto place = static_cast<size_t>(index);
  if (step.args.size() <= place) step.args.resize(place + 1);
  if (!info) return step.args[place];
  const ArgumentInfo &arg = info->args[place];
  if (arg.is_value() != is_value || (is_value && arg.nbytes && nbytes != arg.nbytes))
    refuse_argument(step, index, is_value, nbytes);
  return step.args[place];
}

// Answers the buffer that was there before.
inline std::shared_ptr<Backend::Buffer> set_buffer(BackendStep &step, nxs_int index,
                                                   std::shared_ptr<Backend::Buffer> buffer) {
  if (step.type == NXS_CommandType_Dispatch) {
    auto &arg = argument(step, index, false, 0);
    if (buffer->device != step.kernel->device())
      throw Error(NXS_InvalidDevice, "the buffer is on device " + std::to_string(buffer->device) +
                                         " and the kernel on device " +
                                         std::to_string(step.kernel->device()) + "; copy it there");
    auto before = arg.take_buffer();
    const void *address = buffer->data();
    arg.set(std::move(buffer), address);
    return before;
  }
  const bool copies = step.type == NXS_CommandType_Copy;
  check_index(index, copies ? 2 : 1);
  auto &slot = copies && index == 0 ? step.src : step.dst;
  const size_t offset = copies && index == 0 ? step.src_offset : step.dst_offset;
  check_range("the new buffer", offset, step.nbytes, buffer->nbytes);
  if (copies && index == 0)
    check_disjoint(*buffer, step.src_offset, *step.dst, step.dst_offset, step.nbytes);
  if (copies && index == 1)
    check_disjoint(*step.src, step.src_offset, *buffer, step.dst_offset, step.nbytes);
  return std::exchange(slot, std::move(buffer));
}

// Answers the argument that was there before: it may have been a buffer of an unchecked kernel.
inline ArgumentValue<Backend::Buffer> set_value(BackendStep &step, nxs_int index, const void *value,
                                                size_t nbytes) {
  if (step.type == NXS_CommandType_Dispatch) {
    ArgumentValue<Backend::Buffer> fresh;
    fresh.set(value, nbytes);
    return std::exchange(argument(step, index, true, nbytes), std::move(fresh));
  }
  check_index(index, 1);
  if (nbytes != sizeof step.value)
    throw Error(NXS_InvalidArgSize,
                "the value of an event has 8 bytes and got " + std::to_string(nbytes));
  std::memcpy(&step.value, value, nbytes);
  return {};
}

// A kernel may have group memory of its own, which the device has for a group together with what
// the dispatch asks for.
inline void set_group_memory(BackendStep &step, int64_t nbytes) {
  const size_t most = Backend::max_group_memory_nbytes(step.kernel->device());
  const size_t all_own = own_group_memory(*step.kernel);
  const size_t own = all_own > most ? 0 : all_own;  // too much already: told when it is finalized
  if (nbytes < 0 || static_cast<uint64_t>(nbytes) > most - own)
    throw Error(NXS_MaxSizeRestrictionExceeded,
                "group memory of " + std::to_string(nbytes) + " bytes; the device has " +
                    std::to_string(most) + " for each group" +
                    (own ? ", of which kernel " + step.kernel->name() + " has " +
                               std::to_string(own) + " of its own"
                         : ""));
  step.group_memory_nbytes = static_cast<size_t>(nbytes);
}

inline void set_option(BackendStep &step, nxs_int option, int64_t value) {
  if (option == NXS_CommandOption_Timing) {
    step.timing = value != 0;
  } else if (option == NXS_CommandOption_GroupMemoryBytes) {
    set_group_memory(step, value);
  } else if (option >= NXS_CommandOption_ClusterX && option <= NXS_CommandOption_Cooperative) {
    throw Error(NXS_NotSupported, "this runtime has neither clusters nor cooperative dispatches");
  } else {
    throw Error(NXS_InvalidValue, "command option " + std::to_string(option) + " is unknown");
  }
}

inline void finalize(BackendStep &step, nxs_dim3 group, nxs_dim3 grid) {
  check_groups(group, grid);
  count_groups(group, grid);
  const auto &info = step.kernel->info();
  if (info && info->group[0] &&
      (info->group[0] != group.x || info->group[1] != group.y || info->group[2] != group.z))
    throw Error(NXS_InvalidWorkGroupSize,
                "kernel " + step.kernel->name() + " was made for groups of " +
                    to_text({info->group[0], info->group[1], info->group[2]}) + " and got " +
                    to_text(group));
  Backend::check_launch(*step.kernel, group, grid);
  step.group = group;
  step.grid = grid;
}

inline double command_ms(const Command<Backend> &command) {
  const auto &outcome = command.schedule->outcome();
  std::lock_guard lock(outcome->mutex);
  if (command.index >= outcome->command_ms.size() || !outcome->command_ms[command.index])
    throw Error(NXS_ProfilingInfoNotAvailable,
                "the command has no time: run its schedule with Timing, or set its "
                "option Timing, and wait for the run");
  return *outcome->command_ms[command.index];
}

inline Value dispatch_size(const Command<Backend> &command, nxs_dim3 Step<Backend>::*size) {
  const nxs_dim3 found =
      command.schedule->read(command.index, [&](const BackendStep &step) { return step.*size; });
  if (found.x == 0) return {};
  return std::vector<int64_t>{found.x, found.y, found.z};
}

inline Value command_value(const Command<Backend> &command) {
  if (!command.event) return {};
  return command.schedule->read(
      command.index, [](const BackendStep &step) { return static_cast<int64_t>(step.value); });
}

inline const char *command_type_name(nxs_command_type type) {
  static constexpr const char *kNames[] = {"dispatch", "signal", "wait", "copy", "fill"};
  return kNames[type];
}

inline Value handle_or_none(nxs_handle handle) { return handle ? Value(int64_t{handle}) : Value(); }

inline constexpr std::array kCommandProperties{
    Property<CommandView>{NP_Type,
                          [](const auto &command) -> Value {
                            return std::string(command_type_name(command.object->type));
                          }},
    Property<CommandView>{NP_ID, [](const auto &command) -> Value { return command.handle; }},
    Property<CommandView>{
        NP_Kernel,
        [](const auto &command) -> Value { return handle_or_none(command.object->kernel); }},
    Property<CommandView>{
        NP_Event,
        [](const auto &command) -> Value { return handle_or_none(command.object->event); }},
    Property<CommandView>{
        NP_Value, [](const auto &command) -> Value { return command_value(*command.object); }},
    Property<CommandView>{NP_Arguments,
                          [](const auto &command) -> Value { return command.object->arguments(); }},
    Property<CommandView>{NP_GroupSize,
                          [](const auto &command) -> Value {
                            return dispatch_size(*command.object, &BackendStep::group);
                          }},
    Property<CommandView>{NP_GridSize,
                          [](const auto &command) -> Value {
                            return dispatch_size(*command.object, &BackendStep::grid);
                          }},
    Property<CommandView>{NP_GroupMemorySize,
                          [](const auto &command) -> Value {
                            return command.object->schedule->read(
                                command.object->index, [](const BackendStep &step) {
                                  return static_cast<int64_t>(step.group_memory_nbytes);
                                });
                          }},
    Property<CommandView>{NP_ElapsedTime,
                          [](const auto &command) -> Value { return command_ms(*command.object); }},
};

}  // namespace nxs::entry

NXS_API nxs_handle nxsCreateCommand(nxs_handle schedule, nxs_handle kernel) noexcept {
  return guard([&] {
    nxs::entry::BackendStep step(NXS_CommandType_Dispatch);
    step.kernel = nxs::entry::kernels().find(kernel);
    if (step.kernel->device() != nxs::entry::schedules().find(schedule)->device())
      throw Error(NXS_InvalidDevice,
                  "kernel " + step.kernel->name() + " and the schedule are on different devices");
    if (step.kernel->info()) step.args.resize(step.kernel->info()->args.size());
    std::vector<nxs_handle> arguments(step.args.size());
    return nxs::entry::record(schedule, std::move(step), kernel, 0, std::move(arguments));
  });
}

NXS_API nxs_handle nxsCreateSignalCommand(nxs_handle schedule, nxs_handle event,
                                          uint64_t value) noexcept {
  return guard([&] {
    nxs::entry::BackendStep step(NXS_CommandType_Signal);
    step.event = nxs::entry::event_for(schedule, event);
    step.value = value;
    return nxs::entry::record(schedule, std::move(step), 0, event, {});
  });
}

NXS_API nxs_handle nxsCreateWaitCommand(nxs_handle schedule, nxs_handle event,
                                        uint64_t value) noexcept {
  return guard([&] {
    nxs::entry::BackendStep step(NXS_CommandType_Wait);
    step.event = nxs::entry::event_for(schedule, event)->shared_from_this();
    step.value = value;
    return nxs::entry::record(schedule, std::move(step), 0, event, {});
  });
}

NXS_API nxs_handle nxsCreateCopyCommand(nxs_handle schedule, nxs_handle src, size_t src_offset,
                                        nxs_handle dst, size_t dst_offset, size_t nbytes) noexcept {
  return guard([&] {
    auto &buffers = nxs::entry::buffers();
    auto step =
        nxs::entry::copy_step(buffers.find(src), src_offset, buffers.find(dst), dst_offset, nbytes);
    return nxs::entry::record(schedule, std::move(step), 0, 0, {src, dst});
  });
}

NXS_API nxs_handle nxsCreateFillCommand(nxs_handle schedule, nxs_handle buffer, size_t offset,
                                        size_t nbytes, const void *pattern,
                                        size_t pattern_nbytes) noexcept {
  return guard([&] {
    auto step = nxs::entry::fill_step(nxs::entry::buffers().find(buffer), offset, nbytes,
                                      {pattern, pattern_nbytes});
    return nxs::entry::record(schedule, std::move(step), 0, 0, {buffer});
  });
}

NXS_API nxs_status nxsSetCommandArgument(nxs_handle command, nxs_int index,
                                         nxs_handle buffer) noexcept {
  return guard([&] {
    const auto found = nxs::entry::commands().find(command);
    auto value = nxs::entry::buffers().find(buffer);
    if (found->event) nxs::entry::refuse(*found, "a buffer");
    const auto place = static_cast<size_t>(index);
    found->make_room_for_argument(place);
    found->schedule->edit(found->index, [&](auto &step) {
      return nxs::entry::set_buffer(step, index, std::move(value));
    });
    found->note_argument(place, buffer);
  });
}

NXS_API nxs_status nxsSetCommandScalar(nxs_handle command, nxs_int index, const void *value,
                                       size_t nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::commands().find(command);
    if (found->type == NXS_CommandType_Copy || found->type == NXS_CommandType_Fill)
      nxs::entry::refuse(*found, "a value");
    if (!value) throw Error(NXS_InvalidHostPtr, "the value of an argument is NULL");
    if (nbytes == 0 || nbytes > 65536)
      throw Error(NXS_InvalidArgSize,
                  "a value of " + std::to_string(nbytes) + " bytes; it has 1 to 65536");
    const auto place = static_cast<size_t>(index);
    if (!found->event) found->make_room_for_argument(place);
    found->schedule->edit(found->index, [&](auto &step) {
      return nxs::entry::set_value(step, index, value, nbytes);
    });
    if (!found->event) found->note_argument(place, 0);
  });
}

NXS_API nxs_status nxsSetCommandOption(nxs_handle command, nxs_int option, int64_t value) noexcept {
  return guard([&] {
    const auto found = nxs::entry::commands().find(command);
    if (option == NXS_CommandOption_GroupMemoryBytes && found->type != NXS_CommandType_Dispatch)
      nxs::entry::refuse(*found, "group memory");
    found->schedule->edit(
        found->index, [&](auto &step) { return nxs::entry::set_option(step, option, value), 0; });
  });
}

NXS_API nxs_status nxsFinalizeCommand(nxs_handle command, nxs_dim3 group_size,
                                      nxs_dim3 grid_size) noexcept {
  return guard([&] {
    const auto found = nxs::entry::commands().find(command);
    if (found->type != NXS_CommandType_Dispatch)
      nxs::entry::refuse(*found, "a group and grid size");
    found->schedule->edit(found->index, [&](auto &step) {
      return nxs::entry::finalize(step, group_size, grid_size), 0;
    });
  });
}

NXS_API nxs_status nxsGetCommandProperty(nxs_handle command, nxs_uint property, void *value,
                                         size_t *nbytes) noexcept {
  return guard([&] {
    const auto found = nxs::entry::commands().find(command);
    nxs::get_property<nxs::entry::CommandView>(nxs::entry::kCommandProperties, {found, command},
                                               property, value, nbytes);
  });
}

NXS_API nxs_status nxsReleaseCommand(nxs_handle command) noexcept {
  return guard([&] { nxs::entry::commands().remove(command); });
}
