/* Waits in a chain of calls, for the tests of unwinding. */
#include <unistd.h>

int depth;

__attribute__((noinline)) int innermost(int n) {
	write(1, "ready\n", 6);
	pause();
	return n + depth;
}

__attribute__((noinline)) int middle(int n) {
	int room[64];
	for (int i = 0; i < 64; i++)
		room[i] = n * i;
	return innermost(room[n & 63]) + 1;
}

__attribute__((noinline)) int outer(int n) {
	return n > 0 ? outer(n - 1) + 1 : middle(n) + 1;
}

int main(void) {
	return outer(2) + 1;
}
