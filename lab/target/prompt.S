# A boot sector in place of an operating system: echoes what is typed, through the BIOS alone, on
# the screen and on the first serial port. F1 to F3 set the screen's mode: text, 1280x720, 1920x1080.
# (VBE mode numbers are those of the VGA BIOS that comes with QEMU.)
.code16
.globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    sti
    mov $0x0003, %ax
    int $0x10
    mov $ready, %si
    call print
read_key:
    xor %ax, %ax
    int $0x16
    cmp $0x3b, %ah          # F1
    je text_mode
    cmp $0x3c, %ah          # F2
    je hd_mode
    cmp $0x3d, %ah          # F3
    je full_hd_mode
    test %al, %al           # a key that is no character
    jz read_key
    call put
    cmp $13, %al
    jne read_key
    mov $prompt, %si
    call print
    jmp read_key
text_mode:
    mov $0x0003, %ax
    int $0x10
    jmp read_key
hd_mode:
    mov $0x418d, %bx
    jmp set_mode
full_hd_mode:
    mov $0x4190, %bx
set_mode:
    mov $0x4f02, %ax
    int $0x10
    jmp read_key
print:
    lodsb
    test %al, %al
    jz 1f
    call put
    jmp print
1:  ret
put:
    push %ax
    push %ax
    mov $0x0e, %ah
    mov $0x0007, %bx
    int $0x10
    mov $0x3fd, %dx
2:  in %dx, %al             # wait for room in the port
    test $0x20, %al
    jz 2b
    pop %ax
    mov $0x3f8, %dx
    out %al, %dx
    pop %ax
    ret
ready:
    .ascii "dKVM target: no operating system\r"
prompt:
    .asciz "\n> "
.org 510
.word 0xaa55
